//! Every change is announced by exactly the frames of the contract, and by nothing else.

use serde_json::{Value, json};

use super::{Shop, conversion_frame, raw_body};
use crate::support::samples;
use crate::support::till::{self, Stored};

#[test]
fn a_stored_edited_duplicated_and_deleted_estimate_is_announced_with_its_full_record() {
    let mut shop = Shop::open();
    let estimate = shop.create_estimate("Asha");
    let frame = shop.estimate_frame("create", &estimate);
    assert_eq!(frame["data"]["customer_name"], "Asha");
    assert_eq!(frame["data"]["total"], json!(301.0));
    shop.sees(&[frame], &["estimate_created"]);

    let path = format!("/api/estimates/{}", estimate.id);
    shop.till.request("PUT", &path, &[], Some(raw_body("Asha Rao", None).as_bytes())).expect(200);
    let frame = shop.estimate_frame("update", &estimate);
    assert_eq!(frame["data"]["customer_name"], "Asha Rao");
    shop.sees(&[frame], &["estimate_updated"]);

    let answer = shop.till.post_empty(&format!("{path}/duplicate")).expect(201);
    let copy = Stored::estimate(&answer);
    assert_ne!(copy.id, estimate.id);
    let frame = shop.estimate_frame("create", &copy);
    assert_eq!(frame["data"]["customer_name"], "Asha Rao");
    shop.sees(&[frame], &["estimate_created"]);

    shop.till.delete(&format!("/api/estimates/{}", copy.id)).expect(200);
    shop.sees(&[json!({"type": "estimate", "action": "delete", "id": copy.id})], &["estimate_deleted"]);
    shop.sees_nothing_more();
}

#[test]
fn a_conversion_is_announced_by_one_frame_whichever_way_it_is_made() {
    let mut shop = Shop::open();
    for by_sale in [false, true] {
        let estimate = shop.create_estimate("Asha");
        let frame = shop.estimate_frame("create", &estimate);
        shop.sees(&[frame], &["estimate_created"]);
        let order = if by_sale { shop.create_sale("Asha", Some(&estimate.id)) } else { shop.convert(&estimate) };
        let conversion = conversion_frame(&estimate, &order);
        shop.sees(&[conversion], &["estimate_converted_to_order"]);
    }
    shop.sees_nothing_more();
}

#[test]
fn an_order_is_announced_when_it_is_stored_changed_and_deleted() {
    let mut shop = Shop::open();
    // A source that is not there is no conversion: the sale is announced as any other.
    for source in [None, Some("EST-DEADBEEF")] {
        let order = shop.create_sale("Asha", source);
        let frame = shop.order_frame("create", &order);
        assert_eq!(frame["data"]["amount_paid"], json!(301.0));
        shop.sees(&[frame], &["sale_completed"]);

        for (parameter, status) in [("new_status", "Packed"), ("status", "Delivered")] {
            let path = format!("/api/orders/{}/status?{parameter}={status}", order.id);
            shop.till.request("PUT", &path, &[("Content-Length", "0")], None).expect(200);
            let frame = shop.order_frame("update", &order);
            assert_eq!(frame["data"]["status"], status);
            shop.sees(&[frame], &["order_updated"]);
        }

        shop.till.delete(&format!("/api/orders/{}", order.id)).expect(200);
        shop.sees(&[json!({"type": "order", "action": "delete", "id": order.id})], &["order_updated"]);
    }
    shop.sees_nothing_more();
}

#[test]
fn an_order_deleted_with_its_estimate_is_announced_as_two_deletions_the_order_first() {
    let mut shop = Shop::open();
    for by_sale in [false, true] {
        let estimate = shop.create_estimate("Asha");
        let created = shop.estimate_frame("create", &estimate);
        let order = if by_sale { shop.create_sale("Asha", Some(&estimate.id)) } else { shop.convert(&estimate) };
        let conversion = conversion_frame(&estimate, &order);
        shop.sees(&[created, conversion], &["estimate_created", "estimate_converted_to_order"]);

        let answer = shop.till.delete(&format!("/api/orders/{}", order.id)).expect(200);
        assert_eq!(answer["message"], "Order deleted successfully (linked estimate also deleted)");
        let deletions = [
            json!({"type": "order", "action": "delete", "id": order.id}),
            json!({"type": "estimate", "action": "delete", "id": estimate.id}),
        ];
        shop.sees(&deletions, &["order_updated", "estimate_deleted"]);
    }
    shop.sees_nothing_more();
}

#[test]
fn a_refused_or_repeated_command_announces_nothing() {
    let mut shop = Shop::open();
    let estimate = shop.create_estimate("Asha");
    let frame = shop.estimate_frame("create", &estimate);
    let order = shop.convert(&estimate);
    let conversion = conversion_frame(&estimate, &order);
    shop.sees(&[frame, conversion], &["estimate_created", "estimate_converted_to_order"]);
    let mut stamped = samples::sale("Bela");
    stamped["created_at"] = json!("2025-01-13T10:30:00.000");
    shop.till.post("/api/orders/create-sale", &stamped).expect(201);
    for screen in &mut shop.screens {
        assert_eq!(screen.next_json()["data"]["customer_name"], "Bela");
    }
    assert_eq!(shop.legacy.next_text(), "sale_completed");

    let estimate_path = format!("/api/estimates/{}", estimate.id);
    let nothing_sold = json!({"items": []});
    let refused: [(&str, &str, Option<&Value>, u16); 8] = [
        ("POST", "/api/estimates/create", Some(&nothing_sold), 422),
        ("POST", "/api/orders/create-sale", Some(&nothing_sold), 422),
        ("DELETE", &estimate_path, None, 400),
        ("DELETE", "/api/estimates/EST-DEADBEEF", None, 404),
        ("DELETE", "/api/orders/ORDER-DEADBEEF", None, 404),
        ("PUT", "/api/orders/ORDER-DEADBEEF/status?status=Packed", Some(&nothing_sold), 404),
        ("POST", "/api/estimates/EST-DEADBEEF/convert-to-order", Some(&nothing_sold), 404),
        ("POST", "/api/orders/create-sale", Some(&stamped), 201),
    ];
    for (method, path, body, status) in refused {
        let body = body.map(ToString::to_string);
        shop.till.request(method, path, &[], body.as_deref().map(str::as_bytes)).expect(status);
    }
    till::convert(&mut shop.till, &estimate.id, b"{}").expect(200);
    till::convert(&mut shop.till, &estimate.id, br#"{"sale_by":"Mina"}"#).expect(400);
    shop.sees_nothing_more();
}
