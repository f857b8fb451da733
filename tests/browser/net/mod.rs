//! The page between its server and its storage: outages, waiting commands, answers, tabs, and a server that was put back.

mod answers;
mod deflate;
mod offline;
mod origins;
mod polling;
mod presence;
mod reset;
mod storage;
mod unkept;
mod wanted;
mod worker;
