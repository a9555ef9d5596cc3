/*! The pages of the repository: their commands, their links. */

mod commands;
mod links;
mod markdown;
mod programs;
mod shell;
