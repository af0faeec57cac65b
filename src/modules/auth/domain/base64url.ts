/** The bytes of canonical base64url (RFC 4648, section 5, without padding); null for any other spelling of them. */
export const decodeBase64url = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
};
