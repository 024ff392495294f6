using BeBiDa.Jobs;

namespace BeBiDa.Tests;

/// <summary>The two halves of a judgement.</summary>
internal static class JobPolicyExtensions
{
    public static string? LeftAlone(this JobPolicy policy, Job job) => policy.Judge(job).LeftAlone;

    public static string? Refusal(this JobPolicy policy, Job job) => policy.Judge(job).Refusal;
}
