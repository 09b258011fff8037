/* The SHA-256 that names a descriptor in a record: for people and tools, never what decides whether two types are one.
 *
 * Used once for each class that is published. */
#ifndef INTERBIND_DIGEST_H
#define INTERBIND_DIGEST_H

#include <string.h>

#include <interbind/abi.h>
#include <interbind/judge.h>

static inline uint32_t interbind_digest_turn(uint32_t word, int by) {
    return (word >> by) | (word << (32 - by));
}

/* Takes in one block of 64 bytes (FIPS 180-4, section 6.2.2). */
INTERBIND_COLD void interbind_digest_block(uint32_t state[8], const uint8_t *block) {
    static const uint32_t constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
        0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
        0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
        0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
        0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    uint32_t words[64];
    uint32_t s[8];
    int i;
    for (i = 0; i < 16; i++) {
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
            block[4 * i + 3];
    }
    for (; i < 64; i++) {
        const uint32_t a = words[i - 15], b = words[i - 2];
        words[i] = words[i - 16] + (interbind_digest_turn(a, 7) ^ interbind_digest_turn(a, 18) ^ a >> 3) +
            words[i - 7] + (interbind_digest_turn(b, 17) ^ interbind_digest_turn(b, 19) ^ b >> 10);
    }
    memcpy(s, state, sizeof s);
    for (i = 0; i < 64; i++) {
        const uint32_t e = interbind_digest_turn(s[4], 6) ^ interbind_digest_turn(s[4], 11) ^ interbind_digest_turn(s[4], 25);
        const uint32_t a = interbind_digest_turn(s[0], 2) ^ interbind_digest_turn(s[0], 13) ^ interbind_digest_turn(s[0], 22);
        const uint32_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + words[i];
        const uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += one;
        s[0] = one + two;
    }
    for (i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

/* Hashes a text. */
INTERBIND_COLD void interbind_digest_of(interbind_str text, uint8_t out[32]) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t block[128];
    const uint64_t bits = text.len * 8;
    uint64_t at = 0;
    size_t rest, end;
    int i;
    for (; text.len - at >= 64; at += 64) {
        interbind_digest_block(state, text.ptr + at);
    }
    rest = (size_t)(text.len - at);
    memset(block, 0, sizeof block);
    if (rest != 0) {
        memcpy(block, text.ptr + at, rest);
    }
    block[rest] = 0x80;
    end = rest < 56 ? 64 : 128;
    for (i = 0; i < 8; i++) {
        block[end - 1 - (size_t)i] = (uint8_t)(bits >> (8 * i));
    }
    interbind_digest_block(state, block);
    if (end == 128) {
        interbind_digest_block(state, block + 64);
    }
    for (i = 0; i < 32; i++) {
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

#endif /* INTERBIND_DIGEST_H */
