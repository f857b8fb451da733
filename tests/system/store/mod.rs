//! What is kept: commands under concurrency, against a model, over kills and upgrades, and with files that cannot be used.

mod concurrency;
mod durability;
mod journal;
mod model;
mod states;
mod upgrade;
