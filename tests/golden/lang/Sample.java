package com.example;

import java.util.List;

/** A queue of things. */
@Deprecated
public class Sample<T> extends Base implements Iterable<T> {
    public static final int MAX_SIZE = 10;
    private List<T> items, spare;

    /** Makes one. */
    public Sample(int size) { this.items = null; }

    /**
     * Adds an item.
     */
    @Override
    public boolean add(T item) throws Exception { return true; }

    private void hidden() {}

    enum Color { RED, GREEN }

    interface Listener { void changed(String name); }

    record Point(int x, int y) { int sum() { return x + y; } }

    @interface Marker { String value() default ""; }
}
