// Passkeys: what the browser's own dialogue makes and proves. Options and results go as JSON (WebAuthn Level 3).
interface Json {
  parseCreationOptionsFromJSON(options: unknown): PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON(options: unknown): PublicKeyCredentialRequestOptions;
}

const kind = (): (typeof PublicKeyCredential & Json) | undefined =>
  "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential ? (PublicKeyCredential as typeof PublicKeyCredential & Json) : undefined;

export const passkeysWork = (): boolean => kind() !== undefined;

/** Null where the reader closed the dialogue. */
async function credential(made: Promise<Credential | null>): Promise<unknown> {
  try {
    return ((await made) as (Credential & { toJSON(): unknown }) | null)?.toJSON() ?? null;
  } catch (thrown) {
    if (thrown instanceof DOMException) return null;
    throw thrown;
  }
}

export async function makePasskey(options: unknown): Promise<unknown> {
  const publicKey = kind()?.parseCreationOptionsFromJSON(options);
  return publicKey ? credential(navigator.credentials.create({ publicKey })) : null;
}

export async function provePasskey(options: unknown): Promise<unknown> {
  const publicKey = kind()?.parseRequestOptionsFromJSON(options);
  return publicKey ? credential(navigator.credentials.get({ publicKey })) : null;
}
