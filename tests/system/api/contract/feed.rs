//! The live feed of the old app.

use serde_json::{Value, json};

use super::{EXTRA_FRAME_KEYS, assert_tokens, estimate_record, new_estimate, new_sale, order_record, text};
use crate::support::server::Server;

/// A frame without the keys that go beyond the contract.
fn contract_part(frame: &str) -> Value {
    let mut frame: Value = serde_json::from_str(frame).unwrap_or_else(|error| panic!("{error} in {frame}"));
    frame.as_object_mut().expect("a frame is an object").retain(|key, _| !EXTRA_FRAME_KEYS.contains(&key.as_str()));
    frame
}

#[test]
fn every_screen_sees_the_whole_flow_of_the_shop_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let mut sockets = [(); 5].map(|()| server.socket("/ws"));
    let mut expected = Vec::new();

    assert_eq!(client.get("/health").expect(200)["status"], "healthy");

    let estimate = new_estimate(&mut client, "Asha");
    let record = estimate_record(&mut client, &estimate).json();
    expected.push(json!({"type": "estimate", "action": "create", "id": estimate, "data": record}));

    let direct = new_sale(&mut client, "Bina");
    let record = order_record(&mut client, &direct).json();
    expected.push(json!({"type": "order", "action": "create", "id": direct, "data": record}));

    let answer = client.post(&format!("/api/estimates/{estimate}/convert-to-order"), &json!({})).expect(200);
    let order = text(&answer["order_id"]);
    expected.push(json!({
        "type": "estimate", "action": "convert_to_order", "id": estimate, "order_id": order, "order_number": "#002"
    }));

    client.delete(&format!("/api/orders/{direct}")).expect(200);
    expected.push(json!({"type": "order", "action": "delete", "id": direct}));

    client.delete(&format!("/api/orders/{order}")).expect(200);
    expected.push(json!({"type": "order", "action": "delete", "id": order}));
    expected.push(json!({"type": "estimate", "action": "delete", "id": estimate}));

    // The last frame proves that nothing else came before it.
    let last = new_estimate(&mut client, "the last one");
    let record = estimate_record(&mut client, &last).json();
    expected.push(json!({"type": "estimate", "action": "create", "id": last, "data": record}));

    for socket in &mut sockets {
        let frames: Vec<String> = expected.iter().map(|_| socket.next_text()).collect();
        let seen: Vec<Value> = frames.iter().map(|frame| contract_part(frame)).collect();
        assert_eq!(seen, expected);
        for created in [&frames[0], &frames[1]] {
            assert_tokens(
                created,
                &[("data.total", "300.0"), ("data.subtotal", "300.0"), ("data.items.0.price", "100")],
            );
        }
        assert_eq!(socket.texts_until_pong(), Vec::<String>::new(), "nothing follows");
    }
}
