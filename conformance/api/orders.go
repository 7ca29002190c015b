package api

import (
	"context"

	"github.com/centrirpc/centrirpc"
)

// Order has rules at each depth.
type Order struct {
	Customer string            `json:"customer" validate:"min=2,max=20"`
	Email    string            `json:"email,omitempty" validate:"omitempty,email"`
	Lines    []OrderLine       `json:"lines" validate:"min=1,max=3,dive"`
	Discount *int              `json:"discount,omitempty" validate:"omitempty,gte=0,lte=50"`
	Address  Address           `json:"address"`
	Remarks  map[string]string `json:"remarks,omitempty" validate:"max=2,dive,keys,alpha,endkeys,min=1"`
	Priority string            `json:"priority,omitempty" validate:"omitempty,oneof=low high"`
}

// OrderLine is a part of an order.
type OrderLine struct {
	Name     string `json:"name" validate:"min=1"`
	Quantity uint8  `json:"quantity" validate:"gt=0"`
	Colour   Colour `json:"colour,omitempty"`
}

// Address is where an order goes.
type Address struct {
	City string `json:"city" validate:"required"`
	Zip  string `json:"zip" validate:"len=5,numeric"`
}

// Receipt is what an order comes to.
type Receipt struct {
	Items int `json:"items"`
}

func registerOrders(r *centrirpc.Router) {
	centrirpc.Handle(r, "orders.place", placeOrder)
}

// placeOrder counts the items of an order that keeps the rules.
func placeOrder(_ context.Context, p Order) (Receipt, error) {
	items := 0
	for _, line := range p.Lines {
		items += int(line.Quantity)
	}
	return Receipt{items}, nil
}
