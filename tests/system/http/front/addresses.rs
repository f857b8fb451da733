//! Addresses and headers as clients write them.

use crate::support::samples;
use crate::support::server::Server;

#[test]
fn a_raw_space_in_the_address_is_named_and_an_old_encoding_is_too() {
    let server = Server::start();
    let raw = |bytes: &[u8]| {
        let mut client = server.client();
        client.send_raw(bytes).unwrap();
        client.read("GET").detail(400)
    };
    let said = raw(b"GET /api/search?q=asha patil HTTP/1.1\r\nHost: shop\r\n\r\n");
    assert!(said.contains("space") && said.contains("%20"), "{said}");
    let said = raw(b"GET /api/estimates/all HTTP/1.1\r\nHost: shop\r\nIf-None-Match: \"\xe9\"\r\n\r\n");
    assert!(said.contains("If-None-Match") && said.contains("UTF-8"), "{said}");
}

#[test]
fn slashes_too_many_lead_to_the_same_place() {
    let server = Server::start();
    let mut client = server.client();
    let created = client.post("/api//estimates/create/", &samples::estimate("Asha")).expect(201);
    let id = created["estimate_id"].as_str().unwrap();
    for path in [
        "/api/estimates/all",
        "/api/estimates/{id}",
        "/api/estimates/{id}/history",
        "/api/orders/separate",
        "/api",
        "/openapi.json",
    ] {
        let path = path.replace("{id}", id);
        let plain = client.get(&path);
        assert_eq!(plain.status, 200, "{path}");
        for other in [format!("{path}/"), format!("/{path}"), path.replace('/', "//"), format!("{path}/?x=1")] {
            let reply = client.get(&other);
            assert_eq!((reply.status, reply.text()), (200, plain.text()), "{other}");
        }
    }
    let page = client.request("GET", "/", &[("Accept", "text/html")], None);
    assert_eq!(client.request("GET", "//", &[("Accept", "text/html")], None).text(), page.text());
    let asset = page.text().split("\"/ui/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(client.get(&format!("//ui//{asset}/")).body, client.get(&format!("/ui/{asset}")).body);
    for feed in ["/ws/", "//ws", "/sync/", "//sync/?since=0"] {
        server.socket(feed);
    }
    let order = client.post_empty(&format!("/api/estimates//{id}/convert-to-order/")).expect(200);
    let order = order["order_id"].as_str().unwrap();
    client.request("PUT", &format!("//api/orders/{order}/status/?status=Packed"), &[], None).expect(200);
    client.delete(&format!("/api/orders/{order}//")).expect(200);
    // An id that was left out does not lead to what the others share.
    for (method, path) in
        [("DELETE", "/api/orders/"), ("PUT", "/api/orders//status?status=x"), ("GET", "/api/estimates//")]
    {
        let status = client.request(method, path, &[], None).status;
        assert!([404, 405].contains(&status), "{method} {path}: {status}");
    }
}
