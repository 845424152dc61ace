package com.example

import kotlin.math.PI

const val MAX_SIZE = 10

/** A shape. */
interface Shape {
    fun area(): Double
}

data class Circle(val radius: Double, private var n: Int) : Shape {
    private val cached: Int = 1
    /** How large. */
    override fun area(): Double = PI * radius
    private fun hidden() { val local = 1 }
    companion object {
        fun create(): Circle = Circle(1.0, 2)
    }
}

enum class Color { RED, GREEN }
object Registry {
    val items = mutableListOf<String>()
}
typealias Id = String
sealed class Result<T>

fun String.shout(): String = uppercase()
internal suspend fun <T> load(id: Id): T? { return null }
