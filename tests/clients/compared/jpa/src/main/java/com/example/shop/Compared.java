package com.example.shop;

import jakarta.persistence.EntityManager;
import org.hibernate.cfg.Configuration;

/** The lines of docs/clients/compared.md with JPA (Hibernate), on the demo's database, which JDBC_DATABASE names. */
final class Compared {
  private Compared() {}

  private static void run(EntityManager entities) {
    entities.getTransaction().begin();
    Customer row = new Customer("ada-jpa@example.org", "Ada Example");
    entities.persist(row);

    Customer found = entities.find(Customer.class, 7L);
    System.out.println("get: " + found.getEmail());

    Customer first = (Customer) entities.createNativeQuery("""
        SELECT * FROM shop.customer WHERE newsletter AND preferences->>'color' = 'red' AND 'vip' = ANY (tags)
        AND deleted_at IS NULL ORDER BY created_at LIMIT 1""", Customer.class).getSingleResult();
    System.out.println("first: " + first.getEmail());

    int done = entities.createQuery("UPDATE Customer c SET c.newsletter = true WHERE c.id = :id AND c.email LIKE 'ada-%'")
        .setParameter("id", row.getId())
        .executeUpdate();
    System.out.println("update where: " + done + " row");
    entities.getTransaction().commit();
  }

  public static void main(String[] arguments) {
    Configuration configuration = new Configuration().addAnnotatedClass(Customer.class);
    configuration.setProperty("hibernate.connection.url", System.getenv("JDBC_DATABASE"));
    try (var factory = configuration.buildSessionFactory(); var entities = factory.createEntityManager()) {
      run(entities);
    }
  }
}
