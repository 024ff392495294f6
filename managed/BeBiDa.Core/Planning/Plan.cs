namespace BeBiDa.Planning;

/// <summary>What is to become of a node.</summary>
/// <param name="Job">The job that is to have it.</param>
/// <param name="Start">When by Slurm's plan, in whole seconds.</param>
/// <param name="Expected">When it is to be expected; not after <paramref name="Start"/>.</param>
public sealed record Plan(uint Job, DateTimeOffset Start, DateTimeOffset Expected)
{
    /// <summary>Of a node that is held, when that ends if the job does not come.</summary>
    public DateTimeOffset Until { get; init; }
}
