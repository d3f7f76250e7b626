//! Orders that know their customer, customers that know their orders: a cycle of Rc that is dropped and stays.
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

struct Customer {
    orders: RefCell<Vec<Rc<Order>>>,
}

struct Order {
    _customer: Rc<Customer>,
    _text: Vec<u8>,
}

const TEXT: usize = 4000;
const TAKES: f64 = 4000.0 + 16.0 + 64.0 + 64.0 + 48.0; // text and its header, order, customer, the list of orders

fn amount(text: &str) -> Option<f64> {
    let factor = match text.chars().last()? {
        'K' => 1024.0,
        'M' => 1024.0 * 1024.0,
        'G' => 1024.0 * 1024.0 * 1024.0,
        _ => 1.0,
    };
    let digits = if factor > 1.0 { &text[..text.len() - 1] } else { text };
    digits.parse::<f64>().ok().filter(|value| *value > 0.0).map(|value| value * factor)
}

fn lose_an_order() {
    let customer = Rc::new(Customer { orders: RefCell::new(Vec::with_capacity(1)) });
    let order = Rc::new(Order { _customer: Rc::clone(&customer), _text: vec![1; TEXT] });
    customer.orders.borrow_mut().push(order);
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let values: Vec<f64> = words[1..].iter().filter_map(|word| amount(word)).collect();
    if words.len() != 3 || values.len() != 2 {
        eprintln!("usage: {} BYTES_PER_SECOND SECONDS\nCycles of Rc that nothing reaches any more.", words[0]);
        std::process::exit(2);
    }
    println!("pid {}", std::process::id());
    let start = Instant::now();
    let mut lost = 0.0;
    while start.elapsed().as_secs_f64() < values[1] {
        while (lost + 1.0) * TAKES <= values[0] * start.elapsed().as_secs_f64() {
            lose_an_order();
            lost += 1.0;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("done {:.0} bytes in {:.3} s", lost * TAKES, start.elapsed().as_secs_f64());
}
