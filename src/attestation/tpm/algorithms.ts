/** Algorithm identifiers (TCG Algorithm Registry). */
export const TPM_ALG = { rsa: 0x0001, sha256: 0x000b, null: 0x0010, rsassa: 0x0014, rsapss: 0x0016, ecdsa: 0x0018, ecc: 0x0023 } as const;
