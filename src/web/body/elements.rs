//! Reading a JSON list element by element (streaming): nothing of one is kept by the reader when the next is read, and reading
//! stops at the first element too many.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Why a list was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlisted {
    /// It has more elements than were asked for. So many were handed over.
    TooMany,
    /// It is no list, or an element cannot be read. Those before it were handed over.
    Unreadable,
}

/// Hands over the elements of a list, each with its place from 0; gives how many there are.
pub(crate) fn each_element<'a, T: Deserialize<'a>>(
    json: &'a str,
    count_max: usize,
    act: impl FnMut(usize, T),
) -> Result<usize, Unlisted> {
    // About a text in place of a list the parser makes an error that repeats it, and grows with it.
    if !json.starts_with('[') {
        return Err(Unlisted::Unreadable);
    }
    let mut count = 0;
    let elements = Elements { count: &mut count, count_max, act, element: PhantomData };
    match elements.deserialize(&mut serde_json::Deserializer::from_str(json)) {
        Ok(()) => Ok(count),
        Err(_) if count > count_max => Err(Unlisted::TooMany),
        Err(_) => Err(Unlisted::Unreadable),
    }
}

struct Elements<'c, T, F> {
    count: &'c mut usize,
    count_max: usize,
    act: F,
    element: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(usize, T)> DeserializeSeed<'de> for Elements<'_, T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(usize, T)> Visitor<'de> for Elements<'_, T, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while *self.count < self.count_max {
            let Some(element) = elements.next_element()? else { return Ok(()) };
            (self.act)(*self.count, element);
            *self.count += 1;
        }
        if elements.next_element::<IgnoredAny>()?.is_none() {
            return Ok(());
        }
        *self.count += 1;
        Err(A::Error::custom("too many elements"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Result<usize, Unlisted>, Vec<u8>) {
        let mut seen = Vec::new();
        (each_element(json, 3, |_, element: u8| seen.push(element)), seen)
    }

    #[test]
    fn elements_are_handed_over_until_there_are_too_many() {
        assert_eq!(read("[]"), (Ok(0), vec![]));
        assert_eq!(read("[1,2,3]"), (Ok(3), vec![1, 2, 3]));
        assert_eq!(read("[1,2,3,4"), (Err(Unlisted::TooMany), vec![1, 2, 3]), "the rest is not looked at");
        assert_eq!(read("[1,\"x\",3]"), (Err(Unlisted::Unreadable), vec![1]));
        assert_eq!(read("{}"), (Err(Unlisted::Unreadable), vec![]));
    }
}
