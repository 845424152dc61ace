<?php
namespace Acme\Tools;

use Acme\Base;

const TOP = 1;
define('OTHER', 2);

/**
 * A queue.
 */
#[Attr]
final class Queue extends Base implements Countable
{
    use Loggable;
    public const MAX_SIZE = 10;
    private array $items = [];
    public ?string $name;

    public function __construct(private int $size) {}

    /** Adds. */
    public static function add(string $item): bool { return true; }
    private function hidden() {}
}

interface Shape { public function area(): float; }
trait Loggable { public function log() {} }
enum Color: string { case Red = 'r'; public function label() { return 1; } }

// Helps.
function helper(int $a): int { return $a; }
