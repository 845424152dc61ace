{-# LANGUAGE OverloadedStrings #-}
module Acme.Queue (Queue(..), add, Shape) where

import qualified Data.Map as Map

-- | A queue.
data Queue a = Empty | Node { item :: a, rest :: Queue a }
  deriving (Show)

newtype Id = Id { unId :: Int }
type Name = String

-- | Things with an area.
class Shape s where
  area :: s -> Double
  area _ = 0

instance Shape (Queue a) where
  area _ = 1

-- | Adds an item.
-- At the front.
add :: a -> Queue a -> Queue a
add x Empty = Node x Empty
add x q = go q
  where go y = Node x y

hidden = 3

x <+> y = x
