package com.example

import scala.collection.mutable

/** A shape. */
trait Shape {
  def area: Double
}

case class Circle(radius: Double) extends Shape {
  private val cached = 1
  /** How large. */
  override def area: Double = radius
  private def hidden(): Unit = {}
}

object Circle {
  val MaxSize = 10
  def create(r: Double): Circle = new Circle(r)
  type Id = String
}

enum Color { case Red, Green }

given intOrd: Ordering[Int] with { def compare(a: Int, b: Int) = 0 }
extension (s: String) def shout: String = s.toUpperCase
