// The lines of docs/clients/compared.md with GORM, on the demo's database, which DATABASE names.
package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

type Address struct{ Street, City, Postcode, Country string }

// Scan reads PostgreSQL's text of a composite.
func (a *Address) Scan(value any) error {
	text := strings.Trim(fmt.Sprint(value), "()")
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil || len(fields) != 4 {
		return fmt.Errorf("not an address: %v", value)
	}
	*a = Address{fields[0], fields[1], fields[2], fields[3]}
	return nil
}

func (Address) GormDataType() string { return "shop.address" }

type Customer struct {
	ID         int64
	Email      string
	FullName   string
	Address    *Address `gorm:"->"`
	Newsletter bool
	CreatedAt  time.Time
	DeletedAt  gorm.DeletedAt
}

func (Customer) TableName() string { return "shop.customer" }

func run(ctx context.Context, db *gorm.DB) error {
	row := Customer{Email: "ada-gorm@example.org", FullName: "Ada Example"}
	if err := db.WithContext(ctx).Create(&row).Error; err != nil {
		return err
	}

	var found Customer
	err := db.WithContext(ctx).First(&found, 7).Error
	if err != nil {
		return err
	}
	fmt.Printf("get: %s of %s\n", found.Email, found.Address.City)

	var first Customer
	err = db.WithContext(ctx).Where("newsletter AND preferences->>'color' = ? AND ? = ANY (tags)", "red", "vip").
		Order("created_at").First(&first).Error
	if err != nil {
		return err
	}
	fmt.Printf("first: %s\n", first.Email)

	done := db.WithContext(ctx).Model(&Customer{}).Where("id = ? AND email LIKE ?", row.ID, "ada-%").
		Update("newsletter", true)
	fmt.Printf("update where: %d row\n", done.RowsAffected)
	return done.Error
}

func main() {
	db, err := gorm.Open(postgres.Open(os.Getenv("DATABASE")), &gorm.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), db); err != nil {
		log.Fatal(err)
	}
}
