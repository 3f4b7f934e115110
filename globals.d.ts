/** ts-mls names the browser's CryptoKey in its types. This is Node's; without it the name would silently mean `any`. */
type CryptoKey = import('node:crypto').webcrypto.CryptoKey;
