//! Bills, amounts and figures: what the page computes, keeps and leaves as it found it.

mod amounts;
mod cancelled;
mod change;
mod currency;
mod folding;
mod made_at;
mod merging;
mod negative_prices;
mod numbers;
mod recounted;
mod untouched;
