//! A server and one screen that watches it beside the model: commands are carried out on both, and both are compared.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value, json};

use super::{
    CONVERT_BODIES, Cart, Command, Estimate, FAULTS, Order, STATUSES, Source, UNKNOWN_IDS, agrees, assert_agrees,
    number_text, paid_in_cash, total_of,
};
use crate::support::http::{Client, Reply};
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::till::{self, Stored};

/// A server, one screen that watches it, and what both should be like.
pub(super) struct Shop {
    pub(super) till: Client,
    pub(super) screen: Socket,
    pub(super) estimates: Vec<Estimate>,
    pub(super) orders: Vec<Order>,
    pub(super) births: usize,
    /// Every edit and every record gets a customer of its own, so that no change looks like another.
    pub(super) customers: usize,
    pub(super) stamped: HashMap<(bool, usize), Vec<u8>>,
    pub(super) last_seq: u64,
    /// Frames that may come or not: the contract does not say whether setting the same status again is a change.
    pub(super) optional_frames: VecDeque<Value>,
    pub(super) _server: Server,
}

impl Shop {
    pub(super) fn open() -> Self {
        let server = Server::start();
        Self {
            till: server.client(),
            screen: server.socket("/ws"),
            estimates: Vec::new(),
            orders: Vec::new(),
            births: 0,
            customers: 0,
            stamped: HashMap::new(),
            last_seq: 0,
            optional_frames: VecDeque::new(),
            _server: server,
        }
    }

    pub(super) fn carry_out(&mut self, command: &Command) {
        match *command {
            Command::CreateEstimate(cart) => self.create_estimate(cart),
            Command::CreateSale(cart) => self.create_sale(cart, None),
            Command::CreateSaleFrom { estimate, cart } => self.create_sale(cart, Some(estimate)),
            Command::CreateStamped { sale, stamp } => self.create_stamped(sale, stamp),
            Command::CreateInvalid { sale, fault } => self.create_invalid(sale, fault),
            Command::Edit { estimate, cart } => self.edit(estimate, cart),
            Command::Duplicate { estimate } => self.duplicate(estimate),
            Command::Convert { estimate, body } => self.convert(estimate, body),
            Command::DeleteEstimate { estimate } => self.delete_estimate(estimate),
            Command::DeleteOrder { order } => self.delete_order(order),
            Command::SetStatus { order, status, spelling } => self.set_status(order, status, spelling),
        }
    }

    pub(super) fn customer(&mut self) -> String {
        self.customers += 1;
        format!("Customer {}", self.customers)
    }

    /// The estimate that a target means, if it means one, and its id.
    pub(super) fn estimate_at(&self, target: usize) -> (Option<usize>, String) {
        let index = target % (self.estimates.len() + 1);
        match self.estimates.get(index) {
            Some(estimate) => (Some(index), estimate.stored.id.clone()),
            None => (None, UNKNOWN_IDS[target % UNKNOWN_IDS.len()].into()),
        }
    }

    pub(super) fn order_at(&self, target: usize) -> (Option<usize>, String) {
        let index = target % (self.orders.len() + 1);
        match self.orders.get(index) {
            Some(order) => (Some(index), order.stored.id.clone()),
            None => (None, UNKNOWN_IDS[target % UNKNOWN_IDS.len()].into()),
        }
    }

    pub(super) fn create(&mut self, sale: bool, body: &Map<String, Value>) -> Reply {
        let path = if sale { "/api/orders/create-sale" } else { "/api/estimates/create" };
        self.till.post(path, &Value::Object(body.clone()))
    }

    pub(super) fn create_estimate(&mut self, cart: Cart) {
        let customer = self.customer();
        let fields = cart.fields(&customer);
        let answer = self.create(false, &fields).expect(201);
        self.estimate_stored(&answer, fields);
    }

    /// An answer of 201 for an estimate with these fields.
    pub(super) fn estimate_stored(&mut self, answer: &Value, fields: Map<String, Value>) {
        let stored = Stored::estimate(answer);
        assert_eq!(stored.number, self.estimates.len() as u64 + 1, "the number of a new estimate");
        let told = json!({
            "success": true,
            "data": {
                "estimate_id": stored.id, "estimate_number": number_text(stored.number),
                "customer_name": fields["customer_name"], "total": fields["total"],
            },
        });
        assert_agrees(answer, &told);
        self.births += 1;
        self.estimates.push(Estimate {
            stored,
            fields,
            birth: self.births,
            order: None,
            deleted: false,
            delete_answer: None,
            convert_answers: HashMap::new(),
        });
        self.sees_estimate("create", self.estimates.len() - 1);
    }

    pub(super) fn create_sale(&mut self, cart: Cart, source: Option<usize>) {
        let customer = self.customer();
        let fields = cart.fields(&customer);
        let mut body = fields.clone();
        let Some((source, id)) = source.map(|target| self.estimate_at(target)) else {
            let answer = self.create(true, &body).expect(201);
            return self.order_stored(&answer, paid_in_cash(fields), Source::None);
        };
        body.insert("source_estimate_id".into(), json!(id));
        let reply = self.create(true, &body);
        match source.filter(|index| !self.estimates[*index].deleted) {
            Some(index) if self.estimates[index].order.is_some() => {
                assert_eq!(reply.detail(400), "Estimate has already been converted to order");
            }
            Some(index) => self.order_stored(&reply.expect(201), paid_in_cash(fields), Source::Estimate(index)),
            None => self.order_stored(&reply.expect(201), paid_in_cash(fields), Source::Missing),
        }
    }

    /// An answer of success for an order with these fields.
    pub(super) fn order_stored(&mut self, answer: &Value, fields: Map<String, Value>, source: Source) {
        let stored = Stored::order(answer);
        assert_eq!(stored.number, self.orders.len() as u64 + 1, "the number of a new order");
        let told = json!({
            "success": true,
            "data": {
                "order_id": stored.id, "sale_number": number_text(stored.number),
                "customer_name": fields["customer_name"], "total": fields["total"],
            },
        });
        assert_agrees(answer, &told);
        self.births += 1;
        let index = self.orders.len();
        self.orders.push(Order {
            stored,
            fields,
            birth: self.births,
            status: STATUSES[0].into(),
            source,
            deleted: false,
            delete_answer: None,
        });
        if let Source::Estimate(estimate) = source {
            self.estimates[estimate].order = Some(index);
            let order = &self.orders[index].stored;
            self.sees(&json!({
                "type": "estimate", "action": "convert_to_order", "id": self.estimates[estimate].stored.id,
                "order_id": order.id, "order_number": number_text(order.number),
            }));
        } else {
            self.sees_order("create", index);
        }
    }

    pub(super) fn create_stamped(&mut self, sale: bool, stamp: usize) {
        let cart = Cart { price: 10, quantity: 1, percent: 0, discount_is_money: true };
        let fields = cart.fields(&format!("Stamped {stamp}"));
        let mut body = fields.clone();
        body.insert("created_at".into(), json!(format!("2025-01-13T10:30:00.00000{stamp}")));
        let reply = self.create(sale, &body);
        let answer = reply.expect(201);
        if let Some(first) = self.stamped.get(&(sale, stamp)) {
            assert_eq!(&reply.body, first, "a repeat got another answer");
            return;
        }
        self.stamped.insert((sale, stamp), reply.body);
        if sale {
            self.order_stored(&answer, paid_in_cash(fields), Source::None);
        } else {
            self.estimate_stored(&answer, fields);
        }
    }

    pub(super) fn create_invalid(&mut self, sale: bool, fault: usize) {
        let cart = Cart { price: 10, quantity: 1, percent: 0, discount_is_money: true };
        let mut body = cart.fields("Invalid");
        let (field, value) = FAULTS[fault];
        body.insert(field.into(), serde_json::from_str(value).unwrap());
        assert!(!self.create(sale, &body).detail(422).is_empty());
    }

    pub(super) fn edit(&mut self, target: usize, cart: Cart) {
        let customer = self.customer();
        let fields = cart.fields(&customer);
        let (index, id) = self.estimate_at(target);
        let reply = self.till.put(&format!("/api/estimates/{id}"), &Value::Object(fields.clone()));
        match index.filter(|index| !self.estimates[*index].deleted) {
            None => assert_eq!(reply.detail(404), "Estimate not found"),
            Some(index) if self.estimates[index].order.is_some() => {
                assert_eq!(reply.detail(400), "Cannot edit estimate that has been converted to order");
            }
            Some(index) => {
                reply.expect(200);
                self.estimates[index].fields = fields;
                self.sees_estimate("update", index);
            }
        }
    }

    pub(super) fn duplicate(&mut self, target: usize) {
        let (index, id) = self.estimate_at(target);
        let reply = self.till.post_empty(&format!("/api/estimates/{id}/duplicate"));
        match index.filter(|index| !self.estimates[*index].deleted) {
            None => assert_eq!(reply.detail(404), "Estimate not found"),
            Some(index) => self.estimate_stored(&reply.expect(201), self.estimates[index].fields.clone()),
        }
    }

    pub(super) fn convert(&mut self, target: usize, body: usize) {
        let (index, id) = self.estimate_at(target);
        let reply = till::convert(&mut self.till, &id, CONVERT_BODIES[body].as_bytes());
        let Some(index) = index else {
            assert_eq!(reply.detail(404), "Estimate not found");
            return;
        };
        let estimate = &mut self.estimates[index];
        if let Some(first) = estimate.convert_answers.get(&body) {
            assert_eq!((reply.status, &reply.body), (200, first), "a repeat got another answer");
        } else if estimate.deleted {
            assert_eq!(reply.detail(404), "Estimate not found");
        } else if estimate.order.is_some() {
            assert_eq!(reply.detail(400), "Estimate has already been converted to order");
        } else {
            let answer = reply.expect(200);
            estimate.convert_answers.insert(body, reply.body);
            let mut fields = paid_in_cash(estimate.fields.clone());
            if !CONVERT_BODIES[body].is_empty() {
                let asked: Map<String, Value> = serde_json::from_str(CONVERT_BODIES[body]).unwrap();
                fields.extend(asked);
            }
            // An amount is written with a decimal point, however it was sent.
            fields.insert("amount_paid".into(), json!(fields["amount_paid"].as_f64()));
            let more = json!({"data": {
                "estimate_id": id, "estimate_number": number_text(estimate.stored.number),
                "payment_mode": fields["payment_mode"], "amount_paid": fields["amount_paid"],
            }});
            assert_agrees(&answer, &more);
            self.order_stored(&answer, fields, Source::Estimate(index));
        }
    }

    pub(super) fn delete_estimate(&mut self, target: usize) {
        let (index, id) = self.estimate_at(target);
        let reply = self.till.delete(&format!("/api/estimates/{id}"));
        let Some(index) = index else {
            assert_eq!(reply.detail(404), "Estimate not found");
            return;
        };
        let estimate = &mut self.estimates[index];
        if let Some(first) = &estimate.delete_answer {
            assert_eq!((reply.status, &reply.body), (200, first), "a repeat got another answer");
        } else if estimate.deleted {
            assert_eq!(reply.detail(404), "Estimate not found");
        } else if estimate.order.is_some() {
            assert_eq!(reply.detail(400), "Cannot delete estimate that has been converted to order");
        } else {
            assert_eq!(reply.expect(200)["message"], "Estimate deleted successfully");
            estimate.deleted = true;
            estimate.delete_answer = Some(reply.body);
            self.sees(&json!({"type": "estimate", "action": "delete", "id": id}));
        }
    }

    pub(super) fn delete_order(&mut self, target: usize) {
        let (index, id) = self.order_at(target);
        let reply = self.till.delete(&format!("/api/orders/{id}"));
        let Some(index) = index else {
            assert_eq!(reply.detail(404), "Order not found");
            return;
        };
        let order = &mut self.orders[index];
        if let Some(first) = &order.delete_answer {
            assert_eq!((reply.status, &reply.body), (200, first), "a repeat got another answer");
            return;
        }
        let answer = reply.expect(200);
        order.deleted = true;
        order.delete_answer = Some(reply.body);
        let source = order.source;
        self.sees(&json!({"type": "order", "action": "delete", "id": id}));
        if let Source::Estimate(estimate) = source {
            assert_eq!(answer["message"], "Order deleted successfully (linked estimate also deleted)");
            self.estimates[estimate].deleted = true;
            self.sees(&json!({"type": "estimate", "action": "delete", "id": self.estimates[estimate].stored.id}));
        } else {
            assert_eq!(answer["message"], "Order deleted successfully");
        }
    }

    pub(super) fn set_status(&mut self, target: usize, status: usize, spelling: usize) {
        let (index, id) = self.order_at(target);
        let (parameter, status) = (["new_status", "status"][spelling], STATUSES[status]);
        let path = format!("/api/orders/{id}/status?{parameter}={status}");
        let reply = self.till.request("PUT", &path, &[("Content-Length", "0")], None);
        let Some(index) = index.filter(|index| !self.orders[*index].deleted) else {
            assert_eq!(reply.detail(404), "Order not found");
            return;
        };
        let message = format!("Order status updated to {status}");
        assert_agrees(&reply.expect(200), &json!({"success": true, "message": message, "status": status}));
        if self.orders[index].status == status {
            let frame = self.order_frame("update", index);
            self.optional_frames.push_back(frame);
        } else {
            self.orders[index].status = status.into();
            self.sees_order("update", index);
        }
    }

    pub(super) fn order_frame(&self, action: &str, index: usize) -> Value {
        let order = &self.orders[index];
        json!({"type": "order", "action": action, "id": order.stored.id, "data": order.view(&self.estimates)})
    }

    pub(super) fn sees_order(&mut self, action: &str, index: usize) {
        self.sees(&self.order_frame(action, index));
    }

    pub(super) fn sees_estimate(&mut self, action: &str, index: usize) {
        let estimate = &self.estimates[index];
        let data = estimate.view(&self.orders);
        self.sees(&json!({"type": "estimate", "action": action, "id": estimate.stored.id, "data": data}));
    }

    /// The next frame on the screen is this one, apart from optional ones before it.
    pub(super) fn sees(&mut self, expected: &Value) {
        loop {
            let frame = self.screen.next_json();
            let seq = frame["seq"].as_u64().expect("a sequence number");
            assert!(seq > self.last_seq, "seq {seq} after {}", self.last_seq);
            self.last_seq = seq;
            if agrees(&frame, expected) {
                // Commit order: an optional frame that did not come before this one never comes.
                self.optional_frames.clear();
                return;
            }
            match self.optional_frames.pop_front() {
                Some(optional) if agrees(&frame, &optional) => {}
                _ => assert_agrees(&frame, expected),
            }
        }
    }

    /// The records of a list answer, one by one, in the model's order.
    pub(super) fn compare_list(actual: &Value, expected: &[Value]) {
        let actual = actual.as_array().unwrap_or_else(|| panic!("not a list: {actual}"));
        let ids = |records: &[Value]| records.iter().map(|record| till::text(record, "id")).collect::<Vec<_>>();
        assert_eq!(ids(actual), ids(expected));
        for (actual, expected) in actual.iter().zip(expected) {
            assert_agrees(actual, expected);
        }
    }

    pub(super) fn get(&mut self, path: &str) -> Value {
        self.till.get(path).expect(200)
    }

    pub(super) fn compare_lists(&mut self) {
        let newest_first = self.estimates.iter().rev().filter(|estimate| !estimate.deleted);
        let (converted, pending): (Vec<&Estimate>, Vec<&Estimate>) =
            newest_first.clone().partition(|estimate| estimate.order.is_some());
        let views = |list: Vec<&Estimate>| list.iter().map(|estimate| estimate.view(&self.orders)).collect::<Vec<_>>();
        let (all, converted, pending) = (views(newest_first.collect()), views(converted), views(pending));
        let kept = self.orders.iter().rev().filter(|order| !order.deleted);
        let orders: Vec<Value> = kept.map(|order| order.view(&self.estimates)).collect();

        Self::compare_list(&self.get("/api/estimates/all"), &all);
        Self::compare_list(&self.get("/api/estimates/pending"), &pending);
        Self::compare_list(&self.get("/api/estimates/converted"), &converted);

        let order_total = total_of(&orders);
        let block = json!({"count": orders.len(), "total_amount": order_total});
        let orders_only = self.get("/api/orders/orders-only");
        assert_agrees(&orders_only["orders"], &block);
        Self::compare_list(&orders_only["orders"]["items"], &orders);

        let separate = self.get("/api/orders/separate");
        assert_agrees(&separate["orders"], &block);
        Self::compare_list(&separate["orders"]["items"], &orders);
        assert_agrees(&separate["estimates"], &json!({"count": all.len(), "total_amount": total_of(&all)}));
        Self::compare_list(&separate["estimates"]["items"], &all);
        let summary = json!({
            "total_estimates": all.len(), "total_orders": orders.len(),
            "total_transactions": all.len() + orders.len(),
            // Open estimates are no revenue.
            "total_revenue": order_total,
        });
        assert_agrees(&separate["summary"], &summary);

        let merged = self.merged();
        Self::compare_list(&self.get("/api/orders/all"), &merged);
    }

    /// What `/orders/all` must be: both series by the order in which they were stored, newest first.
    pub(super) fn merged(&self) -> Vec<Value> {
        let estimates = self.estimates.iter().filter(|estimate| !estimate.deleted).map(|estimate| {
            let mut view = estimate.view(&self.orders);
            view["type"] = json!("estimate");
            view["status"] = json!("Pending");
            (estimate.birth, view)
        });
        let orders = self.orders.iter().filter(|order| !order.deleted).map(|order| {
            let mut view = order.view(&self.estimates);
            view["type"] = json!("order");
            (order.birth, view)
        });
        let mut merged: Vec<(usize, Value)> = estimates.chain(orders).collect();
        merged.sort_by_key(|(birth, _)| std::cmp::Reverse(*birth));
        let with_display_fields = |(_, mut view): (usize, Value)| {
            view["customer"] = view["customer_name"].clone();
            view["amount"] = view["total"].clone();
            view["items_count"] = json!(view["items"].as_array().map(Vec::len));
            view
        };
        merged.into_iter().map(with_display_fields).collect()
    }

    /// Each record by its id and by its number; a deleted one by neither.
    pub(super) fn compare_each_record(&mut self) {
        let estimates = self.estimates.iter().map(|estimate| {
            let view = (!estimate.deleted).then(|| estimate.view(&self.orders));
            ("estimates", estimate.stored.clone(), view, "Estimate not found")
        });
        let orders = self.orders.iter().map(|order| {
            let view = (!order.deleted).then(|| order.view(&self.estimates));
            ("orders", order.stored.clone(), view, "Order not found")
        });
        let expected: Vec<_> = estimates.chain(orders).collect();
        for (kind, stored, view, not_found) in expected {
            let by_id = self.till.get(&format!("/api/{kind}/{}", stored.id));
            let by_number = self.till.get(&format!("/api/{kind}/number/%23{:03}", stored.number));
            for reply in [by_id, by_number] {
                match &view {
                    Some(view) => assert_agrees(&reply.expect(200), view),
                    None => assert_eq!(reply.detail(404), not_found),
                }
            }
        }
    }

    /// The next change is the next frame: nothing was sent that the model did not expect.
    pub(super) fn compare_end_of_feed(&mut self) {
        self.create_estimate(Cart { price: 1, quantity: 1, percent: 0, discount_is_money: true });
    }
}
