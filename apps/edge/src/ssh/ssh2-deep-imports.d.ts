declare module 'ssh2/lib/protocol/kex.js' {
  const kex: { readonly KexInit: new (lists: object) => object };
  export default kex;
}
declare module 'ssh2/lib/protocol/crypto.js' {
  const crypto: { readonly bindingAvailable: boolean };
  export default crypto;
}
