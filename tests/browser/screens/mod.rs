//! What a person sees and does: screens that follow one another, keyboard and screen reader, paper, long lists, long days.

mod accessibility;
mod attacks;
mod flows;
mod following;
mod months;
mod paper;
pub(crate) mod people;
mod printing;
mod scrolling;
mod views;
