// Names of channels, made from patterns.

import { ClientError } from "./rpc-errors.js";

/**
 * The name of a channel: the pattern with each `{parameter}` replaced by the
 * member of params of that name, as in `channelName("tasks:{project_id}", { project_id: 7 })`.
 *
 * @throws ClientError if a value cannot be part of a channel's name: it is neither a safe integer nor a string of
 * printable ASCII characters, it is empty, or it holds a space or one of : , # * $ / { }; if the server would read
 * other values out of the name, as "a.b" and "c" for "{x}.{y}"; or if the name is longer than 255 bytes
 */
export function channelName(pattern: string, params: object): string {
  const parameters: string[] = [];
  const values: string[] = [];
  const name = pattern.replace(parameterOf, (_, parameter: string) => {
    const value: unknown = Object.hasOwn(params, parameter) ? Reflect.get(params, parameter) : undefined;
    const fault = parameterFault(value);
    if (fault !== undefined) throw new ClientError(`${pattern}: the parameter ${parameter} ${fault}`);
    parameters.push(parameter);
    values.push(String(value));
    return String(value);
  });
  if (values.length > 0 && name.length > 255)
    throw new ClientError(`${pattern}: with these parameters the name is longer than 255 bytes`);
  if (values.length > 1) {
    const literals = pattern
      .split(/\{[a-z][a-z0-9_]*\}/)
      .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    // The server reads each value as short as can be.
    const read = new RegExp(`^${literals.join('([!"%-)+\\-.0-9;-z|~]+?)')}$`).exec(name);
    const wrong = values.findIndex((value, i) => read?.[i + 1] !== value);
    if (wrong >= 0)
      throw new ClientError(
        `${pattern}: the parameter ${String(parameters[wrong])} holds what stands behind it: nothing would tell where it ends`,
      );
  }
  return name;
}

const parameterOf = /\{([a-z][a-z0-9_]*)\}/g;

/** What is wrong with the value of a pattern's parameter, or undefined. */
function parameterFault(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? undefined : "is not a safe integer";
  if (typeof value !== "string") return "is neither a string nor an integer";
  if (value === "") return "is empty";
  const bad = /[^!-~]|[:,#*$/{}]/.exec(value);
  return bad === null
    ? undefined
    : `holds ${JSON.stringify(bad[0])}: characters with a meaning in channel names (: , # * $ / { }), spaces, ` +
        "control and non-ASCII characters are not allowed";
}
