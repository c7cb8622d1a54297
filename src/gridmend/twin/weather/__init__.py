"""World events: what weather, animals, vehicles, trees and age do to the network."""
