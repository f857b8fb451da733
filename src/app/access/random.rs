//! Secrets: tokens, codes and digits from the system's generator, and their hashes. Each has all values with the same chance.

use sha2::{Digest, Sha256};

use crate::store::hex;

/// The system gives no random numbers. Nothing was made; the same request may do later (503).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRandomness;

/// The letters of an owner's code: none that is taken for another.
const CODE_LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many codes of six digits there are.
const DIGITS_CODES: u32 = 1_000_000;

/// A token of 256 bits: 64 hexadecimal digits.
pub(crate) fn token() -> Result<String, NoRandomness> {
    Ok(hex(&random_bytes::<32>()?))
}

/// A secret of 128 bits, short enough for a QR code: 32 hexadecimal digits.
pub(crate) fn secret_128() -> Result<String, NoRandomness> {
    Ok(hex(&random_bytes::<16>()?))
}

/// Six decimal digits for a person to type.
pub(crate) fn digits6() -> Result<String, NoRandomness> {
    // What is above the largest multiple would make the first codes likelier than the others.
    const FAIR: u32 = u32::MAX - u32::MAX % DIGITS_CODES;
    loop {
        let number = u32::from_le_bytes(random_bytes()?);
        if number < FAIR {
            return Ok(format!("{:06}", number % DIGITS_CODES));
        }
    }
}

/// An owner's code: eight letters and digits, of 32.
pub(crate) fn owner_code() -> Result<String, NoRandomness> {
    let letter = |byte: u8| CODE_LETTERS.get(usize::from(byte % 32)).copied().map_or('2', char::from);
    Ok(random_bytes::<8>()?.into_iter().map(letter).collect())
}

/// By what a secret is found again: it is not kept itself, and the time that a comparison takes tells nothing of it.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// As many bytes as asked for.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn secrets_have_their_form_and_are_never_the_same() {
        let is_hex = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let tokens: HashSet<_> = (0..100).map(|_| token().unwrap()).collect();
        assert!(tokens.len() == 100 && tokens.iter().all(|token| token.len() == 64 && is_hex(token)));
        let secrets: HashSet<_> = (0..100).map(|_| secret_128().unwrap()).collect();
        assert!(secrets.len() == 100 && secrets.iter().all(|secret| secret.len() == 32 && is_hex(secret)));
    }

    #[test]
    fn codes_are_of_their_letters_and_use_all_of_them() {
        let codes: Vec<_> = (0..500).map(|_| owner_code().unwrap()).collect();
        let letters: HashSet<char> = codes.iter().flat_map(|code| code.chars()).collect();
        assert!(codes.iter().all(|code| code.len() == 8));
        assert!(letters.len() == 32 && ['0', 'O', '1', 'I'].iter().all(|unclear| !letters.contains(unclear)));
        let digits: Vec<_> = (0..500).map(|_| digits6().unwrap()).collect();
        assert!(digits.iter().all(|code| code.len() == 6 && code.chars().all(|c| c.is_ascii_digit())));
        for place in 0..6 {
            let seen: HashSet<_> = digits.iter().map(|code| code.as_bytes()[place]).collect();
            assert_eq!(seen.len(), 10, "digit {place}");
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(hex(&sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
