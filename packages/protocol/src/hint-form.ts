/** Of a relay's address: a name, or an address, of IPv6 in brackets. */
export const addressForm: RegExp = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/;
/** Of a secret path: one segment. */
export const pathForm: RegExp = /^[a-zA-Z0-9_-]{1,32}$/;
