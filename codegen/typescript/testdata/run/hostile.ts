// Prints what the compiler made of the names and values, to be compared with the contract's.

import { ErrorCode, Values } from "./index.js";

console.log(JSON.stringify({ values: Object.entries(Values), codes: Object.entries(ErrorCode) }));
