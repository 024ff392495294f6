global using BeBiDa.Site.Observation;
