//! Goal: to know who asks, and what he may see, costs no disk: a shop with people reads as cheaply as one without. Method: a known
//! device reads a record a thousand times, as each request does it, and the disk counts what it was asked to do.

use std::net::Ipv4Addr;

use tillsync::app::{DeviceRequest, Presented};
use tillsync::domain::{Asker, DeviceKind, Role};

use crate::simulated::shop::{HALF_BYTES, estimate};
use crate::simulated::staffed::Staffed;

const READS: usize = 1_000;

#[test]
fn a_thousand_reads_by_a_known_device_ask_nothing_of_the_disk() {
    let shop = Staffed::open(HALF_BYTES);
    shop.app.submit(shop.sale("a sale")).unwrap();
    let device =
        DeviceRequest { name: "Till 2".to_string(), kind: DeviceKind::Program, role: Role::SELLER, person: None };
    let (id, token) = shop.app.add_device(shop.owner, device, None).unwrap();
    let token = Presented::hash(&token);
    let read = || {
        let asker = shop.app.asker(Presented::Bearer(token));
        assert_eq!(asker, Asker::Known { device: id, session: None });
        shop.app.note_seen(id, Ipv4Addr::LOCALHOST.into());
        let record = shop.app.read(asker).unwrap().record(estimate(1)).unwrap();
        assert!(record.is_some());
    };
    // The database reads the page of the record once.
    read();
    let before = shop.disk.operations();
    assert!(before > 0, "they are counted");
    for _ in 0..READS {
        read();
    }
    assert_eq!(shop.disk.operations(), before, "{READS} reads");
    shop.close();
}
