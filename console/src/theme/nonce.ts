/** The nonce that the portal's policy asks of every style element; it stands in the page itself. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="berth-nonce"]')?.content ?? '';
}
