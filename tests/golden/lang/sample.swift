import Foundation

let maxSize = 10

/// A shape.
public protocol Shape {
    var name: String { get }
    func area() -> Double
}

public class Circle: Shape {
    private var radius: Double = 1
    public init(radius: Double) { self.radius = radius }
    deinit {}
    /// How large.
    public func area() -> Double { let x = 1.0; return radius * x }
    private func hidden() {}
    subscript(i: Int) -> Int { return i }
}

struct Point { var x: Int; let y = 2 }
enum Color: String { case red, green
  func label() -> String { return "" } }
extension Circle { func twice() -> Double { return 2 } }
typealias Id = String
actor Store { func put() {} }
func helper(_ a: Int, b: Int = 2) -> Int { return a + b }
