package com.example.shop;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.OffsetDateTime;

/** A row of the demo's table. JPA has no field for its composite, its array and its document. */
@Entity
@Table(schema = "shop", name = "customer")
class Customer {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Long id;

  private String email;

  @Column(name = "full_name")
  private String fullName;

  private boolean newsletter;

  @Column(name = "created_at", insertable = false)
  private OffsetDateTime createdAt;

  protected Customer() {}

  Customer(String email, String fullName) {
    this.email = email;
    this.fullName = fullName;
  }

  Long getId() {
    return id;
  }

  String getEmail() {
    return email;
  }
}
