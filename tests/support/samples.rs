//! Request bodies as the app sends them.

use serde_json::{Value, json};

/// A valid estimate of 300.0 for `customer`.
pub fn estimate(customer: &str) -> Value {
    json!({
        "customer_name": customer,
        "customer_phone": "+91 98450 12345",
        "customer_address": "12 MG Road",
        "sale_by": "Ravi",
        "items": [
            {"id": 1, "name": "LED bulb 9 W", "price": 100, "quantity": 2, "discount": 0},
            {"id": 2, "name": "Switch 6 A", "price": 50.0, "quantity": 2, "discount": 0}
        ],
        "subtotal": 300.0,
        "discount_amount": 0.0,
        "is_percentage_discount": false,
        "discount_percentage": 0.0,
        "total": 300.0
    })
}

/// A valid sale of 300.0 for `customer`.
pub fn sale(customer: &str) -> Value {
    let mut sale = estimate(customer);
    sale["payment_mode"] = json!("UPI");
    sale["amount_paid"] = json!(300.0);
    sale
}
