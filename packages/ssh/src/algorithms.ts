import type { Algorithms } from 'ssh2';

/**
 * What a connection may be made of. The host key is ed25519.
 *
 * Terrapin (CVE-2023-48795) deletes messages before the keys are in use where the cipher is
 * chacha20-poly1305, or CBC with an `-etm` MAC. The library keeps strict key exchange with each client
 * that knows it (`kex-strict-s-v00@openssh.com`); for those that do not, neither cipher is here.
 */
export const ALGORITHMS: Algorithms = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com'],
  // AES-GCM has its own and takes none of these; some clients want to agree on one all the same.
  hmac: ['hmac-sha2-512', 'hmac-sha2-256'],
  compress: ['none'],
};
