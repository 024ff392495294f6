global using BeBiDa.Lab;
global using BeBiDa.Site.Observation;
global using NUnit.Framework;

// Slurm's daemons wait most of the time.
[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: LevelOfParallelism(2)]
