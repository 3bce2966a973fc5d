// Package guest runs a program in a user-mode Linux machine (Debian package
// user-mode-linux, linux.uml): a kernel that is an ordinary process, needs no
// rights, and has limits, a loopback and a clock of its own.
//
// Outside, a Machine has a folder as its root file system, and boots. Inside,
// the program is the machine's first process: it calls Begin, does its work
// and calls PowerOff. What the folder holds afterwards is the result.
//
// A system call there takes 20 us, several times of what it takes elsewhere,
// and a page fault 60 us: rates and latencies say nothing about the program.
package guest
