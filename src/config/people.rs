//! The commands about people and devices, for whoever may read the folder of the shop's data.

use clap::{Args, Subcommand};

use super::access::ShopFolder;

/// The code of `tillsync owner`.
#[derive(Debug, Clone, Args)]
pub struct OwnerOptions {
    /// Make a code although there is an owner: with it somebody becomes owner, or an owner gets a new PIN. All owners are
    /// logged out when it is used
    #[arg(long)]
    pub reset: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
    pub folder: ShopFolder,
}

/// What can be done with devices.
#[derive(Debug, Clone, Subcommand)]
pub enum DeviceCommand {
    /// Let a program in, and print its token; with --door, an app that cannot log in, and print its address
    ///
    /// Token and address are shown this once and kept nowhere. A program sends its token as `Authorization: Bearer TOKEN`.
    /// Phones and tills need neither: they are let in on the page, under Settings.
    Add(DeviceAddOptions),
    /// List the devices that are let in
    List(ShopFolder),
    /// End a device: its sessions, its sockets and what it is waiting for, at once
    Revoke {
        /// Its name, or its id as `tillsync device list` shows it
        #[arg(value_name = "NAME|ID")]
        device: String,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
        folder: ShopFolder,
    },
}

/// A program or a door.
#[derive(Debug, Clone, Args)]
pub struct DeviceAddOptions {
    /// What the shop calls it
    pub name: String,
    /// What it may do: Owner, Manager, Seller, Viewer, or a role of the shop's own
    #[arg(long)]
    pub role: String,
    /// Make a door for an app that cannot log in: an address with a secret in it, to be entered in the app as its server
    #[arg(long)]
    pub door: bool,
    /// The person in whose name it acts
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
    pub folder: ShopFolder,
}

/// What can be done with persons.
#[derive(Debug, Clone, Subcommand)]
pub enum PersonCommand {
    /// Add a person, with a PIN that is asked for
    ///
    /// The PIN has 4 to 8 digits; of an Owner or a Manager at least 6. It is typed twice and not shown. Where the standard
    /// input is no terminal, its first line is the PIN.
    Add {
        /// The person's name, as on the screen that logs in
        name: String,
        /// What the person may do: Owner, Manager, Seller, Viewer, or a role of the shop's own
        #[arg(long)]
        role: String,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would take the comment for that of the command")]
        folder: ShopFolder,
    },
    /// List the persons
    List(ShopFolder),
}
