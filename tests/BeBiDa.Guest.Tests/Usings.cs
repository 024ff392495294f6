global using BeBiDa.Site;
global using NUnit.Framework;
