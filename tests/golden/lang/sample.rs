//! Crate doc.
use std::fmt;

/// Largest size.
pub const MAX_SIZE: usize = 10;
static COUNT: u32 = 0;

/// A point.
///
/// In the plane.
#[derive(Debug, Clone)]
pub struct Point<T> {
    pub x: T,
    y: T,
}

pub enum Shape {
    Circle(f64),
    Square { side: f64 },
}

pub trait Area {
    const SIDES: u32;
    /// How large.
    fn area(&self) -> f64;
    fn twice(&self) -> f64 { self.area() * 2.0 }
}

impl<T> Point<T> {
    /// Makes one.
    pub fn new(x: T, y: T) -> Self { Self { x, y } }
    fn hidden(&self) {}
}

impl Area for Shape {
    fn area(&self) -> f64 { 1.0 }
}

pub(crate) type Id = u64;

mod inner {
    pub fn helper() {}
}

macro_rules! square {
    ($x:expr) => { $x * $x };
}

union Bits { a: u32, b: f32 }

#[test]
fn works() { assert!(true); }
