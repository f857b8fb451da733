//! JSON request bodies, read once into drafts that need no further checks; every fault names its field.

mod elements;
pub(crate) mod input;
mod object;

pub(crate) use object::{FAULTS_MAX, FIELDS_MAX};
