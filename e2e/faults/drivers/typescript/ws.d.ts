// The package "ws" brings no types; this is what the driver uses of it.
declare module "ws" {
  export const WebSocket: new (
    url: string,
    protocols?: string | string[],
  ) => {
    send(data: string | ArrayBufferLike | ArrayBufferView): void;
  };
}
