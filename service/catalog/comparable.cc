// See comparable.h.
#include "catalog/comparable.h"

#include <set>

namespace protogres::catalog {
namespace {

struct Order {
  bool comparable = false;
  bool orderable = false;
};

class Resolver {
 public:
  explicit Resolver(Catalog* catalog) : catalog_(catalog) {}

  // A composite may reach itself through an array: within itself it is taken to have both.
  Order Resolve(Oid oid) {
    const auto it = catalog_->types.find(oid);
    if (it == catalog_->types.end()) return {};
    Type& type = it->second;
    if (done_.insert(oid).second) {
      const Order declared{type.comparable, type.orderable};
      type.comparable = type.orderable = true;
      const Order inherited = Inherited(type);
      type.comparable = type.kind != TypeKind::kPseudo && (declared.comparable || inherited.comparable);
      type.orderable = type.kind != TypeKind::kPseudo && (declared.orderable || inherited.orderable);
    }
    return {type.comparable, type.orderable};
  }

 private:
  Order Inherited(const Type& type) {
    switch (type.kind) {
      case TypeKind::kEnum:
      case TypeKind::kRange:
        return {true, true};
      case TypeKind::kDomain: {
        // anyenum does not take a domain: "operator does not exist". anyarray, anyrange and record do.
        const Type* under = catalog_->FindType(Underlying(type.base));
        return under != nullptr && under->kind == TypeKind::kEnum ? Order{} : Resolve(type.base);
      }
      case TypeKind::kArray:
        return Resolve(Underlying(type.element));
      case TypeKind::kComposite: {
        Order all{true, true};
        for (const Attribute& attribute : type.attributes) {
          const Order one = Resolve(Underlying(attribute.type));
          all.comparable &= one.comparable;
          all.orderable &= one.orderable;
        }
        return all;
      }
      case TypeKind::kBase:
      case TypeKind::kPseudo:
        break;
    }
    return {};
  }

  // What a domain is over, all the way down.
  Oid Underlying(Oid oid) const {
    const Type* type = catalog_->FindType(oid);
    return type != nullptr && type->kind == TypeKind::kDomain ? Underlying(type->base) : oid;
  }

  Catalog* catalog_;
  std::set<Oid> done_;
};

}  // namespace

void ResolveComparable(Catalog* catalog) {
  Resolver resolver(catalog);
  for (const auto& [oid, type] : catalog->types) resolver.Resolve(oid);
}

}  // namespace protogres::catalog
