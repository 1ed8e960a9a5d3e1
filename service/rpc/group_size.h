// How many Tasks a group may have: learned from how long the groups before it took. Pure.
#ifndef PROTOGRES_SERVICE_RPC_GROUP_SIZE_H_
#define PROTOGRES_SERVICE_RPC_GROUP_SIZE_H_

#include <array>
#include <chrono>
#include <cstddef>

namespace protogres::rpc {

// Begins with one, and doubles while a group of the double size is done soon, or costs each of its members clearly
// less: where the way to the database is long a large group is worth its time, and where each row takes long it is not.
// For one thread at a time.
class GroupSize {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  explicit GroupSize(int most) : most_(most) {}

  // How many the next group may have: from 1 to `most`.
  int Limit(Time now) const;
  // How long a group of `size` will take, by what was learned last. Zero: nothing was.
  Duration Expected(int size) const;
  // A group of `size`, at least 1, took so long.
  void Ran(int size, Duration took, Time now);

 private:
  // Of groups of 2^i to 2^(i+1) - 1 members.
  struct Learned {
    double cost = 0;  // of one member, in seconds; 0: nothing is known
    Time when;
  };
  static constexpr std::size_t kClasses = 16;
  static std::size_t ClassOf(int size);
  // A group of the class after `smaller`, which was tried.
  bool Pays(std::size_t smaller) const;

  const int most_;
  std::array<Learned, kClasses> learned_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GROUP_SIZE_H_
