global using BeBiDa.Lab;
global using NUnit.Framework;
