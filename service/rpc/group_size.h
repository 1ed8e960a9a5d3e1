// How many Tasks a group may have. This is learned from the times that earlier groups took. Pure.
#ifndef PROTOGRES_SERVICE_RPC_GROUP_SIZE_H_
#define PROTOGRES_SERVICE_RPC_GROUP_SIZE_H_

#include <array>
#include <chrono>
#include <cstddef>

namespace protogres::rpc {

// The size begins with one. It doubles as long as a group of the double size is done soon, or takes clearly less time
// for each of its Tasks. So groups become large where the way to the database is long, and stay small where each row
// takes long. For one thread at a time.
class GroupSize {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  explicit GroupSize(int most) : most_(most) {}

  // How many Tasks the next group may have: from 1 to `most`.
  int Limit(Time now) const;
  // How long a group of `size` Tasks will probably take. Zero: nothing was learned yet.
  Duration Expected(int size) const;
  // Learns that a group of `size` Tasks, at least 1, took so long.
  void Ran(int size, Duration took, Time now);

 private:
  // What is known of groups of one class. Class i has the groups of 2^i to 2^(i+1) - 1 Tasks.
  struct Learned {
    double cost = 0;  // the time that one Task takes, in seconds; 0: nothing is known
    Time when;
  };
  static constexpr std::size_t kClasses = 16;
  static std::size_t ClassOf(int size);
  // True: groups of the class after `smaller` are worth their time. That class must have been tried.
  bool Pays(std::size_t smaller) const;

  const int most_;
  std::array<Learned, kClasses> learned_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_GROUP_SIZE_H_
