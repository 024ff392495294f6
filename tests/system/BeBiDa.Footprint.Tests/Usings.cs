global using BeBiDa.Lab;
global using BeBiDa.Site;
global using NUnit.Framework;
