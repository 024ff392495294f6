global using BeBiDa.Lab;
global using BeBiDa.Site.Observation;
global using NUnit.Framework;
