//! People: who is at the till, what they may do and see.
//!
//! Goal: from the first owner on nobody gets in, sees or does more than his device, his person and his role allow, by any
//! route, socket, list, stored answer or file; and nobody else is held up by those who try.
//!
//! Method: a real server process, asked as a browser, a program, an old app and a thief would ask it. Everything follows from
//! the document of the feature alone. What must not be told is looked for in all bytes that were answered.

mod attacks;
mod audit;
mod cookies;
mod cuts;
mod doors;
mod first_owner;
mod limits;
mod live_views;
mod login;
mod masks;
mod matrix;
mod needles;
mod overrides;
mod pairing;
mod programs;
mod proxy;
mod revoke;
mod staff;
mod storm_of_views;
mod views;
mod waiting;
