import type { Algorithms } from 'ssh2';
import { hasNativeCrypto } from './ssh2-internals.js';

/**
 * What this door speaks, best first; of each list the client's own first choice that is here wins.
 *
 * Nothing with SHA-1, CBC or arcfour. What the clients of today need is here: OpenSSH and Go (curve25519, ed25519),
 * PuTTY and WinSCP (the same), dropbear and libssh2 (ecdh, aes-ctr with sha2 MACs), JGit with Apache MINA (ECDSA or RSA
 * host keys, group exchange), RSA keys of users with rsa-sha2-256 and -512. There is no post-quantum exchange in ssh2
 * yet (docs/decisions/0011-ssh-door.md).
 */
export const ALGORITHMS = {
  kex: [
    // First, though it is the same exchange: dropbear sends its own first choice along as a guess, and ssh2 1.17 drops
    // each guess, also a right one, for whose answer dropbear would wait for ever. A wrong one it sends again.
    'curve25519-sha256@libssh.org',
    'curve25519-sha256',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
  ],
  serverHostKey: ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'],
  cipher: [
    // OpenSSH's first choice; in JavaScript it costs twice what AES does, so without native ciphers it is not offered.
    ...(hasNativeCrypto() ? (['chacha20-poly1305@openssh.com'] as const) : []),
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  // Packs are compressed already; and what one megabyte becomes when it is unpacked is up to a stranger.
  compress: ['none'],
} as const satisfies Algorithms;
